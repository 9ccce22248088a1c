import { PAGES } from "./Navigation";

/** What a key does, for the help. */
export interface KeyDoing {
  readonly keys: string;
  readonly does: string;
}
/** The keys of a page or of everything. */
export interface KeyGroup {
  readonly title: string;
  readonly keys: readonly KeyDoing[];
}

/** The keys that work on every page. */
export const KEYS: readonly KeyDoing[] = [
  ...PAGES.map((page) => ({ keys: `g ${page.key}`, does: `go to ${page.text}` })),
  { keys: "?", does: "show or hide this help" },
  { keys: "Esc", does: "close a window over the page" },
];
