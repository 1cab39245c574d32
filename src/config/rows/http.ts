import { hostNames, ipBlocks, origins, rate } from "../http_kinds.ts";
import { host, path, wholeNumber } from "../kinds.ts";
import { given, optional } from "../setting.ts";

const PORT = wholeNumber(0, 65_535);

/** The HTTP gateway. */
export const httpRows = {
  HTTP_HOST: given(host, "127.0.0.1", "Address that the HTTP gateway listens on", "Only this machine, until somebody decides otherwise"),
  HTTP_PORT: given(PORT, "8000", "Port of the HTTP gateway; 0 takes a free one", "The usual port of a web service in development"),
  HTTP_TLS_CERT_PATH: optional(
    path,
    "PEM file of the HTTP gateway's certificate chain; with HTTP_TLS_KEY_PATH the gateway speaks TLS, HTTP/2 too",
    "Unset: in the clear, for loopback or behind a proxy that speaks TLS; renewed files count from the next start",
  ),
  HTTP_TLS_KEY_PATH: optional(path, "PEM file of that certificate's private key", "Yours"),
  HTTP_ALLOWED_ORIGINS: given(
    origins,
    "none",
    "Other origins whose pages may use the API (CORS), such as `https://app.example`, separated by commas; also the gateway's own where a proxy changes the Host header",
    "The gateway's own page needs none, and a page of anybody else has no business here until somebody says so",
  ),
  HTTP_ALLOWED_HOSTS: given(
    hostNames,
    "auto",
    "Host names that HTTP requests may be for, separated by commas, besides IP addresses and localhost; any: all; auto: none more on loopback without AUTH_MODE, else any",
    "A web page anywhere can give its own name this machine's address (DNS rebinding) and drive a server that asks nobody who they are",
  ),
  HTTP_TRUSTED_PROXIES: given(
    ipBlocks,
    "none",
    "Addresses of proxies, such as `10.0.0.0/8`, separated by commas, whose `X-Forwarded-For` is believed",
    "Anybody can send that header",
  ),
  HTTP_REQUEST_TIMEOUT_MS: given(
    wholeNumber(100, 3_600_000),
    "30000",
    "Milliseconds that an HTTP request may take, its body's arrival included; streams last as long as their readers",
    "What proxies in front usually wait",
  ),
  HTTP_MAX_CALLS_PER_CALLER: given(
    wholeNumber(1, 1_000_000),
    "10000",
    "HTTP requests, streams and WebSockets among them, at once of one caller, or of one address where callers prove nothing; further ones get 429",
    "As many streams as a process holds over gRPC; behind a proxy that is not trusted all clients are one address",
  ),
  RATE_LIMIT_PER_CALLER: given(
    rate,
    "auto",
    "HTTP requests that one caller may make, as COUNT/SECONDS: so many at once, and as many again spread over so many seconds; off: any number; auto: off on loopback without AUTH_MODE, else 6000/60",
    "A hundred a second is far more than people make, and a page that opens asks for much at once",
  ),
  RATE_LIMIT_PER_ADDRESS: given(
    rate,
    "auto",
    "The same for one address (of IPv6 the first 64 bits), for requests whose caller has not proved who it is, those with a wrong credential among them",
    "A caller with a good credential is not held up by strangers behind the same address",
  ),
} as const;
