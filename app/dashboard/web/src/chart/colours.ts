import { useEffect, useState } from "react";

/** The theme's colours for what is drawn on a canvas, which knows no CSS variables. */
export interface Colours {
  readonly surface: string;
  readonly text: string;
  readonly quiet: string;
  readonly grid: string;
  readonly line: string;
  readonly up: string;
  readonly down: string;
  readonly accent: string;
  readonly warn: string;
  readonly resistance: string;
  readonly support: string;
  readonly font: string;
}

/** The colours of the chosen theme, anew when it changes. */
export function useColours(): Colours {
  const [colours, setColours] = useState(readColours);
  useEffect(() => {
    const observer = new MutationObserver(() => setColours(readColours()));
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    setColours(readColours());
    return () => observer.disconnect();
  }, []);
  return colours;
}

/** A colour of the form #rrggbb, or #rgb as the build shortens it, with so much of it, 0 to 1. */
export function faded(colour: string, share: number): string {
  const whole = colour.length === 4 ? colour.replace(/[0-9a-f]/gi, "$&$&") : colour;
  return `${whole}${Math.round(share * 255)
    .toString(16)
    .padStart(2, "0")}`;
}

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    surface: token("surface-1"),
    text: token("text"),
    quiet: token("text-3"),
    grid: token("chart-grid"),
    line: token("line-strong"),
    up: token("up"),
    down: token("down"),
    accent: token("accent"),
    warn: token("warn"),
    resistance: token("series-2"),
    support: token("series-3"),
    font: token("font"),
  };
}
