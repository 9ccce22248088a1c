import { useState } from "react";
import { Button } from "../ui/Button";
import { Panel } from "../ui/Panel";
import { reportUrl } from "./ladders";
import styles from "./WholeReport.module.css";

/** The whole report as a page in a frame that can do nothing, and as files. `version` changes when the report does. */
export function WholeReport({ market, day, version }: { market: string; day: string; version: string | null }) {
  const [isShown, setShown] = useState(false);
  const name = `premarket-${market}-${day}`;
  return (
    <Panel
      title="The whole report"
      actions={
        <>
          {(["html", "json", "csv"] as const).map((format) => (
            <a key={format} href={reportUrl(market, day, format)} download={`${name}.${format}`}>
              {format.toUpperCase()}
            </a>
          ))}
          <Button aria-expanded={isShown} onClick={() => setShown(!isShown)}>
            {isShown ? "Hide" : "Show it here"}
          </Button>
        </>
      }
      flush
    >
      {isShown && (
        <iframe
          key={version}
          className={styles.page}
          title={`Report before the open of ${day}`}
          src={reportUrl(market, day, "html")}
          sandbox=""
          loading="lazy"
        />
      )}
    </Panel>
  );
}
