import type { ReactNode } from "react";
import { countText, percentText } from "../../format/numbers";
import { Instant } from "../../ui/Instant";
import { statusMeaning, statusText, titleOf } from "../wording";
import styles from "./Figure.module.css";
import type { Figure, Path } from "./figures";
import { intervalText, pText, readable, scaleOf, valueText } from "./measures";

/** Everything that a figure tells of itself. */
export function FigureFacts({ figure, path }: { figure: Figure; path: Path }) {
  const interval = intervalText(figure, path);
  const facts: [string, ReactNode][] = [
    ["Value", `${valueText(figure, path)}${figure.label ? ` (${figure.label})` : ""}`],
  ];
  if (interval !== null) facts.push([`${percentText(figure.ci_level ?? 0.95, 0)} interval`, interval]);
  if (figure.stderr !== undefined) facts.push(["Standard error", readable(figure.stderr, scaleOf(path, figure.unit))]);
  if (figure.p_value !== undefined) facts.push(["p", pText(figure.p_value)]);
  facts.push(["n", countText(figure.n)]);
  facts.push(["Status", `${statusText(figure.status)}. ${statusMeaning(figure.status)}`]);
  if (figure.reason) facts.push(["Reason", figure.reason]);
  facts.push(
    ["Method", figure.method],
    ["Window", figure.window],
    ["Known up to", <Instant key="asof" at={figure.asof} />],
  );
  return (
    <div className="stack">
      <strong>{path.slice(2).map(titleOf).join(" · ") || titleOf(path.at(-1) ?? "")}</strong>
      <dl className={styles.facts}>
        {facts.map(([name, told]) => (
          <Fact key={name} name={name}>
            {told}
          </Fact>
        ))}
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
