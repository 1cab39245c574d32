/** A passage with questions about it. */
export interface AskedPassage {
  readonly title: string;
  readonly text: string;
  /** Each with what its answer must contain. */
  readonly asked: readonly (readonly [question: string, answer: string])[];
  /** Questions that no passage of the set answers. */
  readonly unanswerable: readonly string[];
}
