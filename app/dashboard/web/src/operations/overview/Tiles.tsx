import { Link } from "wouter";
import { Badge } from "../../ui/Badge";
import styles from "./Overview.module.css";
import { tilesOf } from "./standings";
import type { Overview } from "./useOverview";

/** Each part with its main figure; a link to it. */
export function Tiles({ overview }: { overview: Overview }) {
  return (
    <nav aria-label="Parts of operations, with their figures" className={styles.tiles}>
      {tilesOf(overview.known).map((tile) => (
        <Link key={tile.href} href={tile.href} className={styles.tile}>
          <span className={styles.tileHead}>
            <strong>{tile.title}</strong>
            <Badge tone={tile.tone}>{tile.word}</Badge>
          </span>
          <span className={styles.figure}>{tile.figure}</span>
          <small>{tile.line}</small>
        </Link>
      ))}
    </nav>
  );
}
