import createClient from "openapi-fetch";
import { problemOf, unreachable } from "./problems";
import type { components, paths } from "./schema";

/** The API's client, typed by its OpenAPI document; give its calls to `answered`. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  headers: { Accept: "application/json" },
  // Looked up at each call, so that a test can answer in its place.
  fetch: (request) => fetch(request),
});

/** A shape of the API by its name in OpenAPI. */
export type Shape<Name extends keyof components["schemas"]> = components["schemas"][Name];

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of a call's answer; ApiProblem when it is an error or nobody answers. */
export async function answered<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw unreachable(cause);
  }
  if (!answer.response.ok) throw await problemOf(answer.response, answer.error);
  return answer.data as Data;
}
