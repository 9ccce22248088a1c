import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Door } from "./Door";

let answers: Record<string, () => Response>;
let asked: string[];
let door: Door;
const ask = (path: string) => door.pass(new Request(`http://127.0.0.1:8000${path}`));

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  answers = {};
  door = new Door(async (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    return answers[pathname]?.() ?? Response.json({});
  });
});
afterEach(() => vi.useRealTimers());

test("a request that is refused for who sent it is told, and shuts nothing by itself", async () => {
  const heard = vi.fn();
  door.onRefused(heard);
  answers["/api/jobs"] = () => Response.json({}, { status: 401 });
  answers["/api/audit"] = () => Response.json({}, { status: 403 });

  await ask("/api/jobs");
  await ask("/api/audit");
  await ask("/api/quotes");

  expect(heard).toHaveBeenCalledTimes(2);
  expect(door.barred().isShut).toBe(false);
});

test("where Thor knows nobody it is asked no more, but for who one is", async () => {
  answers["/api/me"] = () => Response.json({}, { status: 401 });
  await ask("/api/me");

  const answer = await ask("/api/quotes");
  await ask("/api/me");

  expect(answer.status).toBe(401);
  expect((await answer.json()).detail).toBe("you are not logged in any more");
  expect(asked).toEqual(["/api/me", "/api/me"]);
});

test("the door opens when Thor knows one again, and not when it is away", async () => {
  const heard = vi.fn();
  answers["/api/me"] = () => Response.json({}, { status: 401 });
  await ask("/api/me");
  door.watch(heard);
  answers["/api/me"] = () => Response.json({}, { status: 503 });
  await ask("/api/me");
  expect(door.barred().isShut).toBe(true);

  answers["/api/me"] = () => Response.json({ name: "anna" });
  await ask("/api/me");

  expect(heard).toHaveBeenCalledOnce();
  expect((await ask("/api/quotes")).status).toBe(200);
});

test("after 429 nothing is sent for as long as Thor has said, and it is told how long that still is", async () => {
  answers["/api/jobs"] = () => Response.json({}, { status: 429, headers: { "Retry-After": "4" } });
  await ask("/api/jobs");
  vi.advanceTimersByTime(1_500);

  const held = await ask("/api/quotes");
  expect([held.status, held.headers.get("Retry-After")]).toEqual([429, "3"]);
  vi.advanceTimersByTime(2_500);

  expect(door.barred().waitUntil).toBeNull();
  expect((await ask("/api/quotes")).status).toBe(200);
  expect(asked).toEqual(["/api/jobs", "/api/quotes"]);
});

test("a 429 that says no time holds nothing up", async () => {
  answers["/api/jobs"] = () => Response.json({}, { status: 429 });
  await ask("/api/jobs");

  expect((await ask("/api/quotes")).status).toBe(200);
});
