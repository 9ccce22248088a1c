import type { ReactNode } from "react";
import { ApiProblem, lacksLogin } from "../api/problems";
import { Button } from "./Button";
import styles from "./states.module.css";

/** Something is on its way; said to screen readers, too. */
export function Loading({ what }: { what: string }) {
  return (
    <p className={styles.state} role="status">
      <span className={styles.spinner} aria-hidden="true" /> Loading {what}…
    </p>
  );
}

/** Nothing is there, and why that is or what to do. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className="quiet">{children}</div>}
    </div>
  );
}

/** What went wrong, in the server's words, with a way to try again. */
export function ErrorNote({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : null;
  // The header says so once, and how to go on.
  if (lacksLogin(error)) return <p className={styles.state}>You are not logged in.</p>;
  return (
    <div className={`${styles.state} ${styles.error}`} role="alert">
      <p className={styles.title}>{problem?.title ?? "Something went wrong"}</p>
      <p>{error.message}</p>
      {problem && problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((one) => (
            <li key={one.field + one.detail}>
              {one.field}: {one.detail}
            </li>
          ))}
        </ul>
      )}
      {problem?.retryAfterS != null && <p>Try again in {Math.ceil(problem.retryAfterS)} s.</p>}
      {problem?.requestId && <p className="quiet">request {problem.requestId}</p>}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

/** What a query brings, or that it loads, failed, or brought nothing; old data stay, with a note, when a refresh fails or others are asked for. */
export function QueryView<Data>(props: {
  query: {
    data: Data | undefined;
    error: Error | null;
    /** Whether the data answer the question before, while the answer to this one is on its way. */
    isPlaceholderData?: boolean;
    refetch: () => unknown;
  };
  what: string;
  isEmpty?: (data: Data) => boolean;
  empty?: ReactNode;
  children: (data: Data) => ReactNode;
}) {
  const { query, what, isEmpty, empty, children } = props;
  if (query.data === undefined) {
    return query.error ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : <Loading what={what} />;
  }
  return (
    <>
      {query.isPlaceholderData && (
        <p className={styles.coming} role="status">
          <span>Loading {what}… until then these are those before.</span>
        </p>
      )}
      {query.error && !lacksLogin(query.error) && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {isEmpty?.(query.data) ? (empty ?? <Empty title={`No ${what}`} />) : children(query.data)}
    </>
  );
}
