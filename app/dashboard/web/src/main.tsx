import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { makeQueryClient } from "./api/queryClient";
import { CallerProvider } from "./caller/Caller";
import { LiveQuotes } from "./live/LiveQuotes";
import { ServerClockProvider } from "./live/ServerClock";
import "./styles/tokens.css";
import "./styles/base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={makeQueryClient()}>
      <ServerClockProvider>
        <CallerProvider>
          <LiveQuotes>
            <App />
          </LiveQuotes>
        </CallerProvider>
      </ServerClockProvider>
    </QueryClientProvider>
  </StrictMode>,
);
