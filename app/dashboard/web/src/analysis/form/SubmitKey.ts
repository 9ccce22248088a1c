/** The key of a request: the same for the same body, so that one whose answer was lost is not done twice. */
export class SubmitKey {
  private body: string | null = null;
  private key = "";

  constructor(private readonly make: () => string = randomKey) {}

  /** The key for a body; a new one when it is not that of the last call. */
  of(body: unknown): string {
    const text = JSON.stringify(body);
    if (text !== this.body) {
      this.body = text;
      this.key = this.make();
    }
    return this.key;
  }
}

function randomKey(): string {
  // randomUUID is for secure origins alone; a desk's network may have none.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
