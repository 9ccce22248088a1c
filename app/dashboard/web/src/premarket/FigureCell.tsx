import { type ReactNode, useId, useState } from "react";
import { statusText } from "../analysis/wording";
import { countText, decimalText, UNKNOWN } from "../format/numbers";
import type { Priced } from "../format/prices";
import { Instant } from "../ui/Instant";
import styles from "./FigureCell.module.css";
import { type Figure, figureText, intervalText, trustText } from "./figures";

/** A figure with its sample and how far it can be trusted; pressed, it tells how it came about, or why there is none. */
export function FigureCell(props: {
  name: string;
  figure: Figure | null;
  instrument?: Priced | undefined;
  places?: number;
  /** What is shown for the value, where that is more than the figure's own. */
  text?: string;
  /** What is shown below a value that is as it should be, instead of its sample. */
  aside?: string;
}) {
  const { name, figure, instrument, places, text } = props;
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  if (figure === null) return <span className="quiet">{UNKNOWN}</span>;
  const told = figure.value === null ? "" : props.aside;
  const aside = [told, trustText(figure)].filter((part) => part).join(", ") || `n ${countText(figure.n)}`;
  return (
    <>
      <button type="button" className={styles.figure} popoverTarget={id}>
        <span className={styles.value}>{text ?? figureText(figure, instrument, places)}</span>
        <span className={styles.aside}>{aside}</span>
        <span className="visually-hidden">, {name}, how it came about</span>
      </button>
      <div
        id={id}
        popover="auto"
        className={styles.explanation}
        onToggle={(event) => setOpen((event.nativeEvent as ToggleEvent).newState === "open")}
      >
        {isOpen && <Explanation name={name} figure={figure} instrument={instrument} places={places} />}
      </div>
    </>
  );
}

function Explanation(props: {
  name: string;
  figure: Figure;
  instrument: Priced | undefined;
  places: number | undefined;
}) {
  const { name, figure, instrument, places } = props;
  const interval = intervalText(figure, instrument, places);
  const lines: readonly (readonly [string, ReactNode])[] = [
    ["why", figure.reason],
    ["status", statusText(figure.status)],
    ["in a word", figure.label],
    ["unit", figure.unit],
    ["interval", interval && `${interval}${figure.ci_level ? ` (${figure.ci_level * 100} %)` : ""}`],
    ["standard error", figure.stderr !== undefined && decimalText(figure.stderr, 4)],
    ["p", figure.p_value !== undefined && decimalText(figure.p_value, 4)],
    ["n", countText(figure.n)],
    ["method", figure.method],
    ["window", figure.window],
  ];
  return (
    <>
      <h3>
        {name}: {figureText(figure, instrument, places)}
      </h3>
      <dl>
        {lines
          .filter(([, told]) => told !== undefined && told !== "" && told !== false)
          .map(([term, told]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{told}</dd>
            </div>
          ))}
        <div>
          <dt>as of</dt>
          <dd>
            <Instant at={figure.asof} />
          </dd>
        </div>
      </dl>
    </>
  );
}
