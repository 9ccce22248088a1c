import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { JobStream } from "./JobStream";
import { isFinished } from "./jobs";
import { useJob } from "./queries";

/** A job as it goes on: by its stream while the page is seen, by asking where the stream is away. */
export function useFollowedJob(id: number) {
  const client = useQueryClient();
  const [isFollowed, setFollowed] = useState(false);
  const query = useJob(id, isFollowed);
  const isOpen = query.data !== undefined && !isFinished(query.data);
  useEffect(() => {
    if (!isOpen) return;
    const stream = new JobStream(id, {
      onFollowed: setFollowed,
      onJob: (job) => {
        client.setQueryData(["job", id], job);
        if (!isFinished(job)) return;
        for (const key of ["jobs", "signals", "predictions"]) void client.invalidateQueries({ queryKey: [key] });
      },
    });
    const seen = () => (document.hidden ? stream.stop() : stream.start());
    document.addEventListener("visibilitychange", seen);
    seen();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      stream.stop();
    };
  }, [id, isOpen, client]);
  return { query, isFollowed };
}
