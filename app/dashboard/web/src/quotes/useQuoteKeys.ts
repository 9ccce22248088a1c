import { useEffect, useRef } from "react";
import { commandOf, type QuoteCommand } from "./keys";

/**
 * Have keys that are pressed anywhere on the page, but where something is typed, do what they ask for; a command that is
 * answered with false is left to others.
 */
export function useQuoteKeys(onCommand: (command: QuoteCommand) => boolean): void {
  const newest = useRef(onCommand);
  useEffect(() => {
    newest.current = onCommand;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const command = commandOf(event);
      if (command !== null && newest.current(command)) event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}
