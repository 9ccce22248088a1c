import { useSyncExternalStore } from "react";

/** A colour by its token, for drawings that cannot use CSS: `series-1` is what `var(--series-1)` is. */
export function colourOf(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim() || "#888";
}

/** The theme that is shown, anew when it changes, so that what is drawn with its colours is drawn again. */
export function useShownTheme(): string {
  return useSyncExternalStore(watchTheme, () => document.documentElement.dataset.theme ?? "dark");
}

function watchTheme(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}
