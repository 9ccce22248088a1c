import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { answered, api } from "../api/client";
import { ANONYMOUS, madeMe } from "../testing/callers";
import { keyOf, serve } from "../testing/server";
import { CallerProvider } from "./Caller";
import { CallerBanner } from "./CallerBanner";
import { CallerMenu } from "./CallerMenu";
import { Restricted } from "./Restricted";

let me: () => Response;
let others: () => Response;
const asUser = (change = {}) => Response.json(madeMe(change));
const asStranger = () => Response.json(ANONYMOUS.me);
const asNobody = () => Response.json({ title: "Unauthorized", detail: "who are you?" }, { status: 401 });
const focus = () => act(async () => void window.dispatchEvent(new Event("focus")));

beforeEach(() => {
  me = () => asUser();
  others = () => Response.json({ symbols: ["ES"] });
});

function Watched() {
  const { data, refetch } = useQuery({
    queryKey: ["watchlist"],
    queryFn: ({ signal }) => answered(api.GET("/api/watchlist", { signal })),
    retry: false,
  });
  return (
    <button type="button" onClick={() => void refetch()}>
      {data?.symbols.join() ?? "nothing"}
    </button>
  );
}

function show() {
  const { asked } = serve((request) => (keyOf(request) === "GET /api/me" ? me() : others()));
  const { hook, searchHook } = memoryLocation({ path: "/operations/alerts?state=all" });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <CallerProvider>
        <Router hook={hook} searchHook={searchHook}>
          <CallerMenu />
          <CallerBanner />
          <Restricted to="operator">
            <button type="button">Stop</button>
          </Restricted>
          <Watched />
        </Router>
      </CallerProvider>
    </QueryClientProvider>,
  );
  return { count: (key: string) => asked.filter((request) => keyOf(request) === key).length };
}

const stop = () => screen.getByRole<HTMLButtonElement>("button", { name: "Stop" });

test("a user is named with the role, may what it allows, and logs out by a form", async () => {
  show();

  const out = await screen.findByRole<HTMLButtonElement>("button", { name: "Log out" });
  expect(out.form?.getAttribute("action")).toBe("/logout");
  expect(out.form?.method).toBe("post");
  expect(screen.getByText("anna")).toBeDefined();
  expect(screen.getByText("operator")).toBeDefined();
  expect(stop().matches(":disabled")).toBe(false);
});

test("a stranger finds the way in, and controls that are disabled with the reason", async () => {
  me = asStranger;
  show();

  const [inHeader, atControl] = await screen.findAllByRole<HTMLAnchorElement>("link", { name: "Log in" });
  expect(inHeader?.getAttribute("href")).toBe("/login?next=%2Foperations%2Falerts%3Fstate%3Dall");
  expect(atControl?.getAttribute("href")).toBe(inHeader?.getAttribute("href"));
  expect(stop().matches(":disabled")).toBe(true);
  expect(screen.getByText("Log in as an operator to change this.", { exact: false })).toBeDefined();
  expect(screen.queryByText(/not logged in any more/)).toBeNull();
});

test("a viewer is told what it takes, and not to log in", async () => {
  me = () => asUser({ role: "viewer" });
  show();

  expect(await screen.findByText("You are a viewer: this takes an operator.")).toBeDefined();
  expect(stop().matches(":disabled")).toBe(true);
  expect(screen.queryByRole("link", { name: "Log in" })).toBeNull();
});

test("a login that is over is said once, nothing more is asked, and all goes on after a new one", async () => {
  const { count } = show();
  await screen.findByText("ES");
  me = asNobody;
  others = asNobody;

  await userEvent.click(screen.getByRole("button", { name: "ES" }));
  expect(await screen.findByText("You are not logged in any more.")).toBeDefined();
  const before = count("GET /api/watchlist");
  await userEvent.click(screen.getByRole("button", { name: "ES" }));
  expect(count("GET /api/watchlist")).toBe(before);
  expect(stop().matches(":disabled")).toBe(true);

  me = () => asUser({ name: "ben" });
  others = () => Response.json({ symbols: ["NQ"] });
  await focus();

  expect(await screen.findByText("NQ")).toBeDefined();
  expect(screen.getByText("ben")).toBeDefined();
  expect(screen.queryByText("You are not logged in any more.")).toBeNull();
});

test("where strangers may look a login that is over is said until it is dismissed", async () => {
  show();
  await screen.findByText("anna");
  me = asStranger;
  await focus();

  expect(await screen.findByText("You are not logged in any more.")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));

  expect(screen.queryByText("You are not logged in any more.")).toBeNull();
});

test("that Thor cannot tell who one is does not throw one out", async () => {
  const { count } = show();
  await screen.findByText("anna");
  me = () => Response.json({ title: "Unavailable" }, { status: 503 });
  await focus();
  await waitFor(() => expect(count("GET /api/me")).toBeGreaterThan(1));

  expect(screen.getByText("anna")).toBeDefined();
  expect(stop().matches(":disabled")).toBe(false);
});

test("that Thor asks to wait is said", async () => {
  others = () => Response.json({ title: "Too Many Requests" }, { status: 429, headers: { "Retry-After": "20" } });
  show();

  expect(await screen.findByText(/asked this page to wait/)).toBeDefined();
  expect(screen.getByText("It goes on in 20 s.")).toBeDefined();
});
