import { titleOf } from "../wording";
import styles from "./Block.module.css";
import { type Block, countOf, factText, type Grid } from "./blocks";
import { FigureTable } from "./FigureTable";
import { FigureValue } from "./FigureValue";
import { isFigure } from "./figures";

/** A part of a document with everything that it tells; the parts within it can be opened. */
export function BlockView({ block }: { block: Block }) {
  return (
    <div className={styles.block}>
      {block.facts.length > 0 && (
        <dl className={styles.facts}>
          {block.facts.map((fact) => (
            <div key={fact.name}>
              <dt>{fact.name}</dt>
              <dd>{fact.text}</dd>
            </div>
          ))}
        </dl>
      )}
      {block.figures.length > 0 && <FigureTable caption={block.title} figures={block.figures} />}
      {block.grids.map((grid) => (
        <GridView key={grid.path.join("/")} grid={grid} />
      ))}
      {block.blocks.map((inner) => (
        <InnerBlock key={inner.path.join("/")} block={inner} />
      ))}
    </div>
  );
}

/** A part that is opened to be read; closed it says how many figures it has. */
export function InnerBlock({ block }: { block: Block }) {
  const { all, known } = countOf(block);
  return (
    <details className={styles.inner}>
      <summary>
        {block.title} <span className="quiet">{all > 0 && `${known} of ${all} figures known`}</span>
      </summary>
      <BlockView block={block} />
    </details>
  );
}

/** A list of alike entries. */
export function GridView({ grid }: { grid: Grid }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className={styles.scroll} aria-label={grid.title} tabIndex={0}>
      <table className={styles.table}>
        <caption className="visually-hidden">{grid.title}</caption>
        <thead>
          <tr>
            {grid.columns.map((column) => (
              <th key={column} scope="col">
                {titleOf(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {grid.rows.map((row, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the entries of a document have no name and never move.
            <tr key={place}>
              {grid.columns.map((column, at) => (
                <td key={column}>
                  <GridCell value={row[at]} path={[...grid.path, String(place), column]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function GridCell({ value, path }: { value: unknown; path: readonly string[] }) {
  if (isFigure(value)) return <FigureValue figure={value} path={path} />;
  return value === undefined ? "–" : factText(value, path);
}
