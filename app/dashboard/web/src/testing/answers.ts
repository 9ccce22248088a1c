import { vi } from "vitest";
import { serve } from "./server";

/** Have every request answered from here instead of by a server, until the returned function is called. */
export function answerWith(answer: (request: Request) => Response | Promise<Response>): () => void {
  serve(answer);
  return () => void vi.unstubAllGlobals();
}
