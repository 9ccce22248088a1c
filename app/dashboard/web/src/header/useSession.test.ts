import { describe, expect, it } from "vitest";
import type { Session } from "./sessionWords";
import { askAgainMs } from "./useSession";

const session = { next_transition: "2026-11-27T18:15:00Z" } as Session;
const at = Date.parse(session.next_transition);

describe("a session is asked anew", () => {
  it("every minute while its transition is far", () => expect(askAgainMs(session, at - 3_600_000)).toBe(60_000));
  it("just after its transition when that is near", () => expect(askAgainMs(session, at - 10_000)).toBe(10_250));
  it("no more often than each second when the answer is old", () =>
    expect(askAgainMs(session, at + 60_000)).toBe(1_000));
  it("after 5 s when there was no answer", () => expect(askAgainMs(undefined, at)).toBe(5_000));
});
