import { useSyncExternalStore } from "react";
import { WIDTHS } from "./columns";

/** The window's width in pixels, anew only when it passes one from which other columns are shown. */
export function useWindowWidth(): number {
  return useSyncExternalStore(watch, step);
}

// The step that is reached stands for the width, so that nothing is drawn anew for every pixel.
function step(): number {
  return WIDTHS.filter((width) => window.matchMedia(`(min-width: ${width}px)`).matches).at(-1) ?? 0;
}

function watch(listener: () => void): () => void {
  const queries = WIDTHS.map((width) => window.matchMedia(`(min-width: ${width}px)`));
  for (const query of queries) query.addEventListener("change", listener);
  return () => {
    for (const query of queries) query.removeEventListener("change", listener);
  };
}
