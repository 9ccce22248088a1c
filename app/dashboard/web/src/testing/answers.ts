import type { Middleware } from "openapi-fetch";
import { api } from "../api/client";

/** Have the API's client answer from here instead of from a server, until the returned function is called. */
export function answerWith(answer: (request: Request) => Response | Promise<Response>): () => void {
  const inPlace: Middleware = { onRequest: ({ request }) => answer(request) };
  api.use(inPlace);
  return () => api.eject(inPlace);
}
