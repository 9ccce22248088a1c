import type { Job } from "./jobs";

/** What a job's stream tells. */
export interface JobListener {
  onJob(job: Job): void;
  /** Whether the stream is open, so that nobody needs to ask. */
  onFollowed(isFollowed: boolean): void;
}

/** Follows /api/jobs/{id}/progress until the job is finished; while the stream is away it says so, and tries again. */
export class JobStream {
  private source: EventSource | null = null;

  constructor(
    private readonly id: number,
    private readonly listener: JobListener,
    private readonly open: (url: string) => EventSource = (url) => new EventSource(url),
  ) {}

  /** Connect, if that is not done. */
  start(): void {
    if (this.source !== null) return;
    const source = this.open(`/api/jobs/${this.id}/progress`);
    this.source = source;
    source.onopen = () => this.listener.onFollowed(true);
    // The browser tries again by itself; where it may not, as when all places are taken, polling goes on alone.
    source.onerror = () => this.listener.onFollowed(false);
    source.addEventListener("progress", (event) => this.listener.onJob(JSON.parse(event.data) as Job));
    source.addEventListener("finished", (event) => {
      this.stop();
      this.listener.onJob(JSON.parse(event.data) as Job);
    });
  }

  /** Close the connection. */
  stop(): void {
    this.source?.close();
    this.source = null;
    this.listener.onFollowed(false);
  }
}
