import { useId, useRef, useState } from "react";
import { countText } from "../../format/numbers";
import { Badge, type Tone } from "../../ui/Badge";
import { statusText } from "../wording";
import styles from "./Figure.module.css";
import { FigureFacts } from "./FigureFacts";
import { type Figure, type FigureStatus, numberOf, type Path } from "./figures";
import { placesText, valueText } from "./measures";

const TONES: Readonly<Record<FigureStatus, Tone>> = {
  ok: "ok",
  low_history: "warn",
  insufficient_data: "quiet",
  not_significant: "quiet",
  degraded_data: "warn",
};

interface FigureValueProps {
  figure: Figure;
  path: Path;
  showN?: boolean;
  /** So many places of the number, where many stand side by side. */
  digits?: number;
}

/** A figure's value, how far it can be trusted where that is not plain, and, when it is opened, how it was made. */
export function FigureValue({ figure, path, showN = true, digits }: FigureValueProps) {
  const id = useId();
  const popover = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const value = numberOf(figure);
  const text = digits !== undefined && value !== null ? placesText(value, digits) : valueText(figure, path);
  // A label that says what the value says already, such as a regime's name, is not said twice.
  const label =
    digits === undefined && figure.label !== undefined && figure.label !== String(figure.value) ? figure.label : null;
  return (
    <>
      <button
        type="button"
        className={styles.open}
        popoverTarget={id}
        onClick={(event) => popover.current && place(popover.current, event.currentTarget)}
      >
        {figure.value !== null && <span className={`${styles.value} ${styles[figure.status] ?? ""}`}>{text}</span>}
        {label !== null && <span className={styles.words}>{label}</span>}
        {(figure.value === null || figure.status !== "ok") && (
          <Badge tone={TONES[figure.status]}>{statusText(figure.status)}</Badge>
        )}
        {showN && figure.value !== null && <span className={styles.n}>n {countText(figure.n)}</span>}
        <span className="visually-hidden">, how it was made</span>
      </button>
      <div
        ref={popover}
        id={id}
        popover="auto"
        className={styles.popover}
        onToggle={(event) => setOpen((event.nativeEvent as ToggleEvent).newState === "open")}
      >
        {isOpen && <FigureFacts figure={figure} path={path} />}
      </div>
    </>
  );
}

/** Puts what was opened below its button, or above where there is more room. */
function place(popover: HTMLElement, button: HTMLElement): void {
  const box = button.getBoundingClientRect();
  const isLow = box.bottom > window.innerHeight * 0.6;
  popover.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - Math.min(432, window.innerWidth * 0.94)))}px`;
  popover.style.top = isLow ? "auto" : `${box.bottom + 4}px`;
  popover.style.bottom = isLow ? `${window.innerHeight - box.top + 4}px` : "auto";
}
