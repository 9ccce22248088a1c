import { useEffect, useRef } from "react";
import { actionOf } from "./keys";

/** What the page's keys do. */
export interface KeyActions {
  scroll(screens: number): void;
  zoom(by: number): void;
  newest(): void;
  symbol(): void;
  table(): void;
  timeframe(number: number): void;
}

/** Have the keys of the page do these. */
export function useKeys(actions: KeyActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const action = event.defaultPrevented ? null : actionOf(event);
      if (action === null) return;
      event.preventDefault();
      const those = latest.current;
      if (action.do === "scroll") those.scroll(action.screens);
      else if (action.do === "zoom") those.zoom(action.by);
      else if (action.do === "timeframe") those.timeframe(action.number);
      else those[action.do]();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
