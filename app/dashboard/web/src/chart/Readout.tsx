import { compactText, countText, percentText, UNKNOWN } from "../format/numbers";
import { changeText, type Priced, priceText } from "../format/prices";
import type { TimeTexts } from "./axisText";
import styles from "./Readout.module.css";
import type { Slot } from "./slots";

const WHY = {
  quiet: "nothing was traded",
  no_feed: "no feed: nobody listened",
  unknown: "not known whether anything was traded",
} as const;

/** The bar under the crosshair, else the newest, in numbers. */
export function Readout(props: { slot: Slot | undefined; texts: TimeTexts; instrument: Priced; isCurrent: boolean }) {
  const { slot, texts, instrument, isCurrent } = props;
  if (slot === undefined) return <div className={styles.readout} />;
  return (
    <div className={styles.readout}>
      <span className={styles.time}>{texts.whole(slot.time)}</span>
      {slot.bar === null ? (
        <span className="quiet">
          No bar: {slot.hole === null ? UNKNOWN : WHY[slot.hole]}
          {slot.isDrawnShort && " in the whole session, which is drawn short"}
        </span>
      ) : (
        <Numbers
          bar={slot.bar}
          running={!slot.isLive ? null : isCurrent ? "running" : "not current"}
          instrument={instrument}
        />
      )}
    </div>
  );
}

function Numbers(props: { bar: NonNullable<Slot["bar"]>; running: string | null; instrument: Priced }) {
  const { bar, running, instrument } = props;
  const change = (Number(bar.close) - Number(bar.open)).toFixed(instrument.tick_decimals);
  const sign = Number(change) > 0 ? "up" : Number(change) < 0 ? "down" : "";
  return (
    <>
      <Figure name="O" title="Open" text={priceText(bar.open, instrument)} />
      <Figure name="H" title="High" text={priceText(bar.high, instrument)} />
      <Figure name="L" title="Low" text={priceText(bar.low, instrument)} />
      <Figure name="C" title="Close" text={priceText(bar.close, instrument)} />
      <span className={`number ${sign}`} title="Close less open">
        {changeText(change, instrument)}
      </span>
      <Figure
        name="V"
        title={bar.volume === null ? "Volume: the source does not tell" : `Volume: ${countText(bar.volume)} contracts`}
        text={compactText(bar.volume)}
      />
      <Figure name="Ticks" title="Events of the source, trades and quotes" text={countText(bar.tick_count)} />
      {running !== null ? (
        <span className={styles.live}>{running}</span>
      ) : (
        <Figure
          name="Cov."
          title="Share of the bar's minutes in which the source was alive"
          text={percentText(bar.coverage, 0)}
        />
      )}
    </>
  );
}

function Figure({ name, title, text }: { name: string; title: string; text: string }) {
  return (
    <span title={title}>
      <span className="quiet">{name}</span> <span className="number">{text}</span>
    </span>
  );
}
