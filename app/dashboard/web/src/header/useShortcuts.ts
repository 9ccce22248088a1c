import { useEffect } from "react";
import { useLocation } from "wouter";
import { isMeantElsewhere, Shortcuts } from "./shortcuts";

/** Have the keys of every page work; `showHelp` is called for `?`. */
export function useShortcuts(showHelp: () => void): void {
  const [, go] = useLocation();
  useEffect(() => {
    const shortcuts = new Shortcuts();
    const press = (event: KeyboardEvent) => {
      if (isMeantElsewhere(event)) return;
      const doing = shortcuts.press(event.key, event.timeStamp);
      if (doing === null) return;
      // The second key of two must not do what it does on the page by itself.
      event.preventDefault();
      event.stopPropagation();
      if (doing === "help") showHelp();
      else if (doing !== "wait") go(doing.go);
    };
    window.addEventListener("keydown", press, { capture: true });
    return () => window.removeEventListener("keydown", press, { capture: true });
  }, [go, showHelp]);
}
