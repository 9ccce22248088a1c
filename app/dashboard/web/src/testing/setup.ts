import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";
import { door } from "../api/client";

afterEach(() => {
  door.reset();
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  localStorage.clear();
});

// jsdom has none of these; a page that is not seen matches nothing.
window.matchMedia ??= (media) =>
  Object.assign(new EventTarget(), { matches: false, media, onchange: null, addListener() {}, removeListener() {} });
