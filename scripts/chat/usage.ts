/** A command line that means nothing; the text says why. */
export class UsageError extends Error {}
