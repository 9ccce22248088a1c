import createClient from "openapi-fetch";
import { Door } from "./Door";
import { problemOf, unreachable } from "./problems";
import type { components, operations, paths } from "./schema";

/** The way to Thor; `fetch` is looked up at each call, so that a test can stand in for the server. */
export const door = new Door((request) => globalThis.fetch(request));

/** The API's client, typed by its OpenAPI document; give its calls to `answered`. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  headers: { Accept: "application/json" },
  fetch: door.pass,
});

/** A shape of the API by its name in OpenAPI. */
export type Shape<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** The name of a market, as the calendars' endpoints take it. */
export type MarketName = NonNullable<NonNullable<operations["getSession"]["parameters"]["query"]>["market"]>;

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
