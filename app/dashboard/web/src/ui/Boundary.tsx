import { Component, type ReactNode } from "react";
import { ErrorNote } from "./states";

/** Shows what a page is made of, or, where that fails, that it did, with a way on; what lies around it stays. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null };

  static getDerivedStateFromError(cause: unknown) {
    return { error: cause instanceof Error ? cause : new Error(String(cause)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <>
        <h1>This page cannot be shown</h1>
        <p>Thor may have been updated since it was loaded: trying again loads it anew.</p>
        <ErrorNote error={error} retry={() => window.location.reload()} />
      </>
    );
  }
}
