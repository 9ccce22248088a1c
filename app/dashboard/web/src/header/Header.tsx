import { useCallback, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useDesk } from "../api/installation";
import { CallerBanner } from "../caller/CallerBanner";
import { CallerMenu } from "../caller/CallerMenu";
import { useMarket } from "../preferences/useMarket";
import { Button } from "../ui/Button";
import { DisplayChoices, MarketChoice } from "./Choices";
import styles from "./Header.module.css";
import { Help } from "./Help";
import type { KeyGroup } from "./keys";
import { MarketStatus } from "./MarketStatus";
import { PipelineLight } from "./PipelineLight";
import { titleOf } from "./title";
import { usePipeline } from "./usePipeline";
import { useSession } from "./useSession";
import { useShortcuts } from "./useShortcuts";

/** What is always in sight: the market, its next transition, how the pipeline does, and how all of it is shown. */
export function Header({ keys }: { keys: readonly KeyGroup[] }) {
  const [location] = useLocation();
  const [isHelping, setHelping] = useState(false);
  const market = useMarket();
  const desk = useDesk();
  const session = useSession(market);
  const pipeline = usePipeline();
  const isAway = pipeline.level === "away";
  const showHelp = useCallback(() => setHelping(true), []);
  const hideHelp = useCallback(() => setHelping(false), []);
  useShortcuts(showHelp);
  useEffect(() => {
    document.title = titleOf(location, session.data, isAway);
  }, [location, session.data, isAway]);
  return (
    <header className={styles.header}>
      <strong className={styles.name} title={desk.data && `Thor ${desk.data.version}`}>
        Thor
      </strong>
      <MarketChoice />
      <div className={styles.market}>
        {session.data ? (
          <MarketStatus session={session.data} isCurrent={!isAway && !session.isError} />
        ) : (
          <span className="quiet">
            {session.error?.message ?? desk.error?.message ?? "Asking for the market's hours…"}
          </span>
        )}
      </div>
      <PipelineLight pipeline={pipeline} />
      <div className={styles.choices}>
        <DisplayChoices />
        <Button kind="bare" aria-label="Keys" title="Keys (?)" onClick={showHelp}>
          ?
        </Button>
        <CallerMenu />
      </div>
      <CallerBanner />
      {isHelping && <Help groups={keys} onClose={hideHelp} />}
    </header>
  );
}
