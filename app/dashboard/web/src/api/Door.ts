/** What keeps this page from asking Thor, if anything does. */
export interface Barred {
  /** Thor knows nobody here and reads nothing out to strangers. */
  readonly isShut: boolean;
  /** Until when Thor has asked this page to wait, by `performance.now()`; null when it has not. */
  readonly waitUntil: number | null;
}

/** Where one asks who one is; this is asked also while the door is shut, for it tells when it opens. */
export const WHO = "/api/me";

const FREE: Barred = { isShut: false, waitUntil: null };

/**
 * The one way to Thor. After 401 to the question who one is, and for as long as a 429 says, everything is answered here
 * with the same: Thor is not asked in vain, however many ask again and again.
 */
export class Door {
  private told = FREE;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly refusals = new Set<() => void>();

  constructor(
    private readonly send: (request: Request) => Promise<Response>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  barred = (): Barred => this.told;

  watch = (listener: () => void): (() => void) => listen(this.listeners, listener);

  /** Hear of requests that were refused for who sent them. */
  onRefused = (listener: () => void): (() => void) => listen(this.refusals, listener);

  /** What Thor answers to a request, or what is known to be its answer. */
  pass = async (request: Request): Promise<Response> => {
    const asksWho = new URL(request.url).pathname === WHO;
    if (this.told.isShut && !asksWho) return made(401, "Unauthorized", "you are not logged in any more");
    const { waitUntil } = this.told;
    const leftS = waitUntil === null ? 0 : Math.ceil((waitUntil - this.now()) / 1_000);
    if (leftS > 0) return made(429, "Too Many Requests", "Thor has asked this page to wait", leftS);
    const answer = await this.send(request);
    if (asksWho && (answer.ok || answer.status === 401)) this.tell({ isShut: answer.status === 401 });
    else if (answer.status === 401 || answer.status === 403) this.refuse();
    if (answer.status === 429) this.wait(Number(answer.headers.get("Retry-After")));
    return answer;
  };

  /** Tell that a request by another way was refused for who sent it. */
  refuse(): void {
    for (const listener of [...this.refusals]) listener();
  }

  /** Forget what Thor said. */
  reset(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.tell(FREE);
  }

  private wait(seconds: number): void {
    if (!Number.isFinite(seconds) || seconds <= 0) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell({ waitUntil: null }), seconds * 1_000);
    this.tell({ waitUntil: this.now() + seconds * 1_000 });
  }

  private tell(change: Partial<Barred>): void {
    const next = { ...this.told, ...change };
    if (next.isShut === this.told.isShut && next.waitUntil === this.told.waitUntil) return;
    this.told = next;
    for (const listener of [...this.listeners]) listener();
  }
}

function listen(those: Set<() => void>, listener: () => void): () => void {
  those.add(listener);
  return () => {
    those.delete(listener);
  };
}

function made(status: number, title: string, detail: string, retryAfterS?: number): Response {
  const headers = retryAfterS === undefined ? undefined : { "Retry-After": String(retryAfterS) };
  return Response.json({ title, status, detail }, { status, headers });
}
