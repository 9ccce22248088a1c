import { useMutation, useQueryClient } from "@tanstack/react-query";

/** A change that is asked of the server; what these keys name is read again once it has answered, also with a refusal. */
export function useWrite<Asked, Told>(run: (asked: Asked) => Promise<Told>, changes: readonly string[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSettled: () => {
      for (const key of changes) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}
