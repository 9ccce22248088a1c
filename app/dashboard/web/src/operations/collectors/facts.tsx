import type { Collector } from "../../api/operations";
import { countText, decimalText, UNKNOWN } from "../../format/numbers";
import { ageText } from "../../format/times";
import { holderText } from "../../signs/feedHealth";
import { Instant } from "../../ui/Instant";
import type { Fact } from "../parts/Facts";

/** A collector's figures with what each means; those of one that never ran are not known. */
export function collectorFacts(one: Collector): Fact[] {
  const isKnown = one.health_age_s !== null;
  const figure = (text: string) => (isKnown ? text : UNKNOWN);
  return [
    { name: "state", value: one.state, title: "what the collector says of itself" },
    { name: "feed", value: one.feed ?? UNKNOWN, title: "how the source's connection stands" },
    { name: "rate", value: figure(`${decimalText(one.rate_per_s, 1)} /s`), title: "events per second, last minute" },
    { name: "last change", value: age(one.change_age_s), title: "since the source brought something new" },
    { name: "last data", value: age(one.data_age_s), title: "since the source said anything, changed or not" },
    { name: "figures", value: age(one.health_age_s), title: "since the collector wrote these figures" },
    { name: "steady since", value: <Instant at={one.steady_since} form="short" />, title: "without interruption" },
    { name: "published", value: figure(countText(one.published)), title: "events since the collector began" },
    { name: "reconnects", value: figure(countText(one.reconnects)), title: "connections made again" },
    { name: "restarts", value: countText(one.restarts), title: "for silence, since it brought something new" },
    { name: "crashes", value: crashes(one), title: "starts in a row that came to no good end" },
    { name: "spooled", value: figure(countText(one.spooled)), title: "wait on the collector's disk for Redis" },
    { name: "dropped", value: figure(countText(one.dropped)), title: "found neither Redis nor room on the disk" },
    { name: "login ends", value: <Instant at={one.login_expires} />, title: "of sources with a login" },
    { name: "own process", value: one.process ?? "none", title: "a process for this source alone, if one lives" },
    { name: "set up here", value: one.configured ? "yes" : "no", title: "the workers here can collect it" },
    { name: "holder", value: holderText(one) ?? "none", title: "the process that collects the source", isWide: true },
    {
      name: "silent symbols",
      value: one.silent_symbols.join(", ") || "none",
      title: "those that never answered",
      isWide: true,
    },
    { name: `symbols (${one.symbols.length})`, value: one.symbols.join(", ") || UNKNOWN, isWide: true },
  ];
}

function age(seconds: number | null): string {
  return seconds === null ? UNKNOWN : ageText(seconds * 1_000);
}

function crashes({ crashes }: Collector) {
  if (crashes.count === 0) return "0";
  return (
    <>
      {countText(crashes.count)}
      {crashes.last_error !== null && `: ${crashes.last_error}`}
      {crashes.next_start !== null && (
        <>
          , next start <Instant at={crashes.next_start} form="time" />
        </>
      )}
    </>
  );
}
