import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { answered, api } from "../api/client";
import { useLive } from "../live/LiveQuotes";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { QueryView } from "../ui/states";
import { WatchlistForm } from "./WatchlistForm";

/** Edits the desk's watchlist, which all pages and collectors follow. */
export function WatchlistDialog({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const { refresh } = useLive();
  // Opened anew it is asked anew: what somebody else changed must not be overwritten by an old answer.
  const [key] = useState(() => ["watchlist", "edit", Date.now()] as const);
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => answered(api.GET("/api/watchlist", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const saving = useMutation({
    mutationFn: (symbols: readonly string[]) =>
      answered(api.PUT("/api/watchlist", { body: { symbols: [...symbols] } })),
    onSuccess: ({ collectors_told }) => {
      void queries.invalidateQueries({ queryKey: ["instruments"] });
      void queries.invalidateQueries({ queryKey: ["watchlist"], refetchType: "none" });
      refresh();
      if (collectors_told) onClose();
    },
  });
  return (
    <Dialog title="Watchlist" onClose={onClose}>
      {saving.data && !saving.data.collectors_told ? (
        <Untold onClose={onClose} />
      ) : (
        <QueryView query={query} what="watchlist">
          {(watchlist) => (
            <WatchlistForm
              saved={watchlist.symbols}
              error={saving.error}
              isSaving={saving.isPending}
              onSave={(symbols) => saving.mutate(symbols)}
              onCancel={onClose}
            />
          )}
        </QueryView>
      )}
    </Dialog>
  );
}

function Untold({ onClose }: { onClose: () => void }) {
  return (
    <div className="stack" role="alert">
      <p>
        The watchlist is saved, but the collectors could not be told: they go on with the old list. Restart them{" "}
        <Link href="/operations/collectors" onClick={onClose}>
          under Operations
        </Link>{" "}
        once Redis is back.
      </p>
      <div className="row">
        <Button onClick={onClose}>Close</Button>
      </div>
    </div>
  );
}
