import { Link, useParams } from "wouter";
import { useMay } from "../caller/Caller";
import { Empty } from "../ui/states";
import { Tabs } from "../ui/Tabs";
import { AlertsSection } from "./alerts/AlertsSection";
import { AuditSection } from "./audit/AuditSection";
import { CollectorsSection } from "./collectors/CollectorsSection";
import { GapsSection } from "./gaps/GapsSection";
import { LakeSection } from "./lake/LakeSection";
import { LettersSection } from "./letters/LettersSection";
import { Overview } from "./overview/Overview";
import { useOverview } from "./overview/useOverview";
import { useSampling } from "./pipeline/history";
import { PipelineSection } from "./pipeline/PipelineSection";
import { addressOf, SECTIONS, type SectionKey } from "./sections";
import { SessionsSection } from "./sessions/SessionsSection";

/** The page Operations: what needs attention first, then each part of Thor by itself. */
export default function OperationsPage() {
  const { section } = useParams<{ section?: string }>();
  const overview = useOverview();
  const history = useSampling();
  const { may: isAdmin } = useMay("admin");
  const shown = SECTIONS.filter((one) => isAdmin || !("isForAdmins" in one));
  const tabs = shown.map((one) => ({
    href: addressOf(one.key),
    text: one.text,
    count: overview.counts[one.key],
  }));
  return (
    <div className="stack">
      <h1>Operations</h1>
      <Tabs label="Parts of operations" tabs={[{ href: "/operations", text: "Overview" }, ...tabs]} />
      {section === undefined ? <Overview overview={overview} /> : partOf(section, history)}
    </div>
  );
}

function partOf(section: string, history: ReturnType<typeof useSampling>) {
  switch (section as SectionKey) {
    case "alerts":
      return <AlertsSection />;
    case "collectors":
      return <CollectorsSection />;
    case "pipeline":
      return <PipelineSection history={history} />;
    case "sessions":
      return <SessionsSection />;
    case "lake":
      return <LakeSection />;
    case "dead-letters":
      return <LettersSection />;
    case "gaps":
      return <GapsSection />;
    case "audit":
      return <AuditSection />;
    default:
      return (
        <Empty title="There is no such part">
          <Link href="/operations">Back to the overview</Link>
        </Empty>
      );
  }
}
