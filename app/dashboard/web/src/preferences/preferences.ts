import { useSyncExternalStore } from "react";

/** What this browser's user chose; kept in the browser, sent nowhere. */
export interface Preferences {
  readonly theme: "system" | "dark" | "light";
  /** The zone of all times: the shown market's own, or a name such as UTC. */
  readonly zone: "exchange" | "UTC" | "America/New_York" | "local";
  /** The market that the header shows; null is the desk's. */
  readonly market: string | null;
  /** Columns of the quotes that are shown (true) or hidden whatever the window's width; others follow the width. */
  readonly quoteColumns: Readonly<Record<string, boolean>>;
}

const KEY = "thor.preferences";
const DEFAULTS: Preferences = { theme: "system", zone: "exchange", market: null, quoteColumns: {} };
const listeners = new Set<() => void>();
let current = read();

/** The preferences, and how to change some of them. */
export function usePreferences(): [Preferences, (change: Partial<Preferences>) => void] {
  return [useSyncExternalStore(watch, () => current), change];
}

/** Have <html> show the chosen theme, and follow the system's where that is chosen. */
export function followTheme(): () => void {
  const light = window.matchMedia("(prefers-color-scheme: light)");
  const show = () => {
    const isLight = current.theme === "system" ? light.matches : current.theme === "light";
    document.documentElement.dataset.theme = isLight ? "light" : "dark";
  };
  show();
  light.addEventListener("change", show);
  const unwatch = watch(show);
  return () => {
    light.removeEventListener("change", show);
    unwatch();
  };
}

function change(those: Partial<Preferences>): void {
  // Another tab may have chosen something else meanwhile.
  current = { ...read(), ...those };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
  for (const listener of [...listeners]) listener();
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}
