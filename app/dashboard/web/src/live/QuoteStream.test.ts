import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventOf, FakeSource } from "./fakes";
import { QuoteStream, type StreamListener } from "./QuoteStream";

const opened: FakeSource[] = [];
const states: unknown[][] = [];
const quotes: string[] = [];
let stream: QuoteStream;

beforeEach(() => {
  vi.useFakeTimers();
  opened.length = states.length = quotes.length = 0;
  const listener: StreamListener = {
    onQuote: (_, id) => quotes.push(id),
    onSources: () => {},
    onReset: () => {},
    onConflated: () => {},
    onBus: () => {},
    onState: (...state) => states.push(state),
  };
  const open = (url: string) => {
    opened.push(new FakeSource(url));
    return opened.at(-1) as unknown as EventSource;
  };
  stream = new QuoteStream(
    listener,
    open,
    () => 1,
    () => Date.now(),
  );
});
afterEach(() => vi.useRealTimers());

const newest = () => opened.at(-1) as FakeSource;

describe("a stream", () => {
  it("goes on after the last event that it heard when the connection breaks", () => {
    stream.start("5-0");
    expect(newest().url).toBe("/api/quotes/stream?last_event_id=5-0");
    newest().accept();
    newest().say("quote", eventOf(), "7-1");
    newest().fail();
    vi.advanceTimersByTime(500);

    expect(newest().url).toBe("/api/quotes/stream?last_event_id=7-1");
  });

  it("goes on after the place of a reset, even where that lies before what it heard", () => {
    stream.start("5-0");
    newest().say("reset", { reason: "restarted" }, "2-0");

    expect(stream.lastId).toBe("2-0");
  });

  it("waits longer after each failure, 15 s at most, and tells for how long", () => {
    stream.start(null);
    for (let failure = 0; failure < 7; failure += 1) {
      newest().fail();
      vi.advanceTimersByTime(15_000 - 1);
      vi.advanceTimersByTime(1);
    }

    const waits = states.filter(([state, wait]) => state === "lost" && wait !== null).map(([, wait]) => wait);
    expect(waits.slice(0, 6)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000]);
  });

  it("waits longer, too, when it is accepted again and again and never told anything", () => {
    stream.start(null);
    newest().accept();
    newest().fail();
    vi.advanceTimersByTime(500);
    newest().accept();
    newest().fail();

    expect(states.at(-1)).toEqual(["lost", 1_000, "broken"]);
  });

  it("tells a refusal from a broken connection", () => {
    stream.start(null);
    newest().fail(2);

    expect(states.at(-1)).toEqual(["lost", 500, "refused"]);
  });

  it("gives up a connection that nobody answers", () => {
    stream.start(null);
    vi.advanceTimersByTime(10_000);

    expect(states.at(-1)).toEqual(["lost", 500, "unanswered"]);
    expect(newest().isClosed).toBe(true);
  });

  it("hears nothing more of a connection that it has closed", () => {
    stream.start(null);
    const old = newest();
    stream.start("9-0");
    old.say("quote", eventOf(), "3-0");

    expect(quotes).toEqual([]);
    expect(stream.lastId).toBe("9-0");
    expect(old.isClosed).toBe(true);
  });

  it("connects once, however often it is asked to try now", () => {
    stream.start(null);
    newest().fail();
    stream.tryNow();
    stream.tryNow();
    vi.advanceTimersByTime(400);

    expect(opened).toHaveLength(2);
  });

  it("makes no connection after it was stopped", () => {
    stream.start(null);
    newest().fail();
    stream.stop();
    stream.tryNow();
    vi.advanceTimersByTime(60_000);

    expect(opened).toHaveLength(1);
    expect(states.at(-1)).toEqual(["paused", null, null]);
  });
});
