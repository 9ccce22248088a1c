import type { KeyDoing } from "../header/keys";

/** The keys of the page Pre-market. */
export const KEYS: readonly KeyDoing[] = [
  { keys: "[", does: "the day before" },
  { keys: "]", does: "the day after" },
  { keys: "t", does: "the ladder at hand" },
];
