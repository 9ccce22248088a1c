import { useEffect } from "react";
import { isMeantElsewhere } from "../header/shortcuts";
import type { Neighbours } from "./moments";

/** Have `[`, `]` and `t` open the day before, the day after and the ladder at hand; undefined does nothing. */
export function useDayKeys(go: (path: string) => void, days: Neighbours): void {
  const { previous, next } = days;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isMeantElsewhere(event)) return;
      if (event.key === "[" && previous !== undefined) go(`/premarket/${previous}`);
      if (event.key === "]" && next !== undefined) go(`/premarket/${next}`);
      if (event.key === "t") go("/premarket");
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [go, previous, next]);
}
