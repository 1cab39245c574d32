/** One layer of a call in grpc-js 1.14: interceptors lie above each other, and the class that speaks HTTP/2 at the bottom. */
interface Layer {
  readonly nextCall?: Layer;
}

/** The lowest layer, whatever interceptors lie above it; its fields are private to grpc-js and may be missing in another version. */
export function bottomOf(top: unknown): unknown {
  let layer = top as Layer | undefined;
  while (layer?.nextCall !== undefined) layer = layer.nextCall;
  return layer;
}
