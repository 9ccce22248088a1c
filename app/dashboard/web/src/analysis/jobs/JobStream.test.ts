import { describe, expect, it } from "vitest";
import { madeJob } from "../../testing/jobs";
import { JobStream } from "./JobStream";
import type { Job } from "./jobs";

class FakeSource extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  constructor(readonly url: string) {
    super();
  }
  close() {
    this.isClosed = true;
  }
  tell(name: string, job: Job) {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(job) }));
  }
}

function following() {
  const opened: FakeSource[] = [];
  const jobs: Job[] = [];
  const followed: boolean[] = [];
  const listener = { onJob: (job: Job) => jobs.push(job), onFollowed: (is: boolean) => followed.push(is) };
  const stream = new JobStream(7, listener, (url) => {
    const source = new FakeSource(url);
    opened.push(source);
    return source as unknown as EventSource;
  });
  stream.start();
  return { stream, opened, jobs, followed, source: opened[0] as FakeSource };
}

describe("a job's stream", () => {
  it("tells every state of the job that it hears", () => {
    const { source, jobs } = following();

    source.tell("progress", madeJob({ status: "running", progress: 0.5 }));

    expect(source.url).toBe("/api/jobs/7/progress");
    expect(jobs.map((job) => job.progress)).toEqual([0.5]);
  });

  it("is closed when the job is finished, so that the browser does not come back", () => {
    const { source, jobs, followed } = following();

    source.tell("finished", madeJob({ status: "done" }));

    expect(source.isClosed).toBe(true);
    expect(jobs.map((job) => job.status)).toEqual(["done"]);
    expect(followed.at(-1)).toBe(false);
  });

  it("says that somebody must ask while it is away, and that nobody need when it is back", () => {
    const { source, followed } = following();

    source.onopen?.();
    source.onerror?.();
    source.onopen?.();

    expect(followed).toEqual([true, false, true]);
  });

  it("has one connection however often it is started, and a new one after it was stopped", () => {
    const { stream, opened } = following();

    stream.start();
    stream.stop();
    stream.start();

    expect(opened.map((source) => source.isClosed)).toEqual([true, false]);
  });
});
