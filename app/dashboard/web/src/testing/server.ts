import { vi } from "vitest";

/**
 * Has `fetch` answer from here instead of from a server, until the test is over: setup.ts ends it. The requests that were
 * made are kept in `asked`, in their order.
 */
export function serve(answer: (request: Request) => Response | Promise<Response>): { asked: Request[] } {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(new URL(input, window.location.origin), init);
    asked.push(request.clone());
    return answer(request);
  });
  return { asked };
}

/** What a request asks for, such as `GET /api/jobs`. */
export function keyOf(request: Request): string {
  return `${request.method} ${new URL(request.url).pathname}`;
}
