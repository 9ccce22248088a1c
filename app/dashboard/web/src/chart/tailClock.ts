import { useEffect, useRef } from "react";
import { useServerClock } from "../live/ServerClock";
import type { BucketAt } from "./liveBars";

const SETTLED_MS = [1_000, 6_000];
const LONGEST_MS = 60_000;

/**
 * Whether the server is to be asked for the newest bars: a moment after a bucket has ended, once more when late ticks
 * of it are stored, and at least every minute.
 */
export function isTailDue(now: number, asked: number, bucketAt: BucketAt): boolean {
  if (now - asked >= LONGEST_MS) return true;
  const begun = bucketAt(now)?.open ?? bucketAt(asked)?.close;
  return begun !== undefined && SETTLED_MS.some((settled) => asked < begun + settled && begun + settled <= now);
}

/** Call `ask` whenever that is due and the page is seen; when it is seen again that is at once, where it is late. */
export function useTailClock(isOn: boolean, bucketAt: BucketAt, ask: () => void): void {
  const clock = useServerClock();
  const latest = useRef({ bucketAt, ask });
  latest.current = { bucketAt, ask };
  useEffect(() => {
    if (!isOn) return;
    let asked = clock.now();
    const look = () => {
      const now = clock.now();
      if (document.hidden || !isTailDue(now, asked, latest.current.bucketAt)) return;
      asked = now;
      latest.current.ask();
    };
    const timer = setInterval(look, 500);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [isOn, clock]);
}
