import { useState } from "react";
import { answered, api } from "../../api/client";
import type { Collector } from "../../api/operations";
import { Restricted } from "../../caller/Restricted";
import { wantedText } from "../../signs/feedHealth";
import { Button } from "../../ui/Button";
import { ErrorNote } from "../../ui/states";
import { Confirm } from "../parts/Confirm";
import { Done } from "../parts/Done";
import parts from "../parts/parts.module.css";
import { useWrite } from "../parts/useWrite";

type Order = "start" | "stop" | "restart" | "auto";

/** What can be ordered, and what it does. */
const ORDERS: readonly { order: Order; text: string; title: string }[] = [
  { order: "start", text: "Start", title: "Collect it from now on, whatever the hours" },
  { order: "stop", text: "Stop…", title: "Collect it no more, whatever the hours" },
  { order: "restart", text: "Restart", title: "Have its feed connect anew" },
  { order: "auto", text: "By hours", title: "Take back a start or stop by hand: market hours decide again" },
];

function give(source: Collector["source"], order: Order) {
  const asked = { params: { path: { source } }, body: {} };
  switch (order) {
    case "start":
      return answered(api.POST("/api/collectors/{source}/start", asked));
    case "stop":
      return answered(api.POST("/api/collectors/{source}/stop", asked));
    case "restart":
      return answered(api.POST("/api/collectors/{source}/restart", asked));
    case "auto":
      return answered(api.POST("/api/collectors/{source}/auto", asked));
  }
}

/** Orders to a source's collector, and what the server answered to the last of them. */
export function CollectorOrders({ collector }: { collector: Collector }) {
  const { source } = collector;
  const [isStopping, setStopping] = useState(false);
  const write = useWrite((order: Order) => give(source, order), ["collectors", "readiness"]);
  const stop = () => write.mutate("stop", { onSuccess: () => setStopping(false) });
  return (
    <div className="stack">
      <Restricted to="operator">
        <fieldset className={`row ${parts.bareSet}`} aria-label={`Orders to ${source}`}>
          {ORDERS.map(({ order, text, title }) => (
            <Button
              key={order}
              className={parts.small}
              kind={order === "stop" ? "danger" : "plain"}
              title={title}
              disabled={write.isPending || (order === "restart" && !collector.wanted)}
              onClick={() => (order === "stop" ? setStopping(true) : write.mutate(order))}
            >
              {text}
            </Button>
          ))}
        </fieldset>
      </Restricted>
      {write.isError && !isStopping && <ErrorNote error={write.error} />}
      {write.isSuccess && (
        <Done>
          “{write.variables}” was taken: {source} is now {wantedText(write.data)}, {write.data.state} at that moment.
        </Done>
      )}
      {isStopping && (
        <Confirm
          title={`Stop ${source}?`}
          act={`Stop ${source}`}
          isRunning={write.isPending}
          error={write.variables === "stop" ? write.error : null}
          onAct={stop}
          onClose={() => setStopping(false)}
        >
          <p>Its collector ends within seconds. No quotes of {source} are collected or stored until it is started.</p>
          <p>It stays stopped, also over restarts and on later days, until “Start” or “By hours”.</p>
        </Confirm>
      )}
    </div>
  );
}
