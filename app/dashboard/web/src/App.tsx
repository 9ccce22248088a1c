import { lazy, Suspense, useEffect } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import styles from "./App.module.css";
import { KEYS as CHART } from "./chart/keys";
import { Header } from "./header/Header";
import { KEYS as EVERYWHERE, type KeyGroup } from "./header/keys";
import { Navigation } from "./header/Navigation";
import { followTheme } from "./preferences/preferences";
import { KEYS as PREMARKET } from "./premarket/keys";
import { KEYS as QUOTES } from "./quotes/keys";
import { QuotesPage } from "./quotes/QuotesPage";
import { Boundary } from "./ui/Boundary";
import { Loading } from "./ui/states";

// What a trader looks at first is in the first file; the rest is fetched when it is opened.
const ChartPage = lazy(() => import("./chart/ChartPage"));
const AnalysisPage = lazy(() => import("./analysis/AnalysisPage"));
const PremarketPage = lazy(() => import("./premarket/PremarketPage"));
const OperationsPage = lazy(() => import("./operations/OperationsPage"));

const KEYS: readonly KeyGroup[] = [
  { title: "Everywhere", keys: EVERYWHERE },
  { title: "Quotes", keys: QUOTES },
  { title: "Chart", keys: CHART },
  { title: "Pre-market", keys: PREMARKET },
];

/** The page: header, navigation, and what the address names. */
export function App() {
  const [location] = useLocation();
  useEffect(followTheme, []);
  return (
    <div className={styles.app}>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <Header keys={KEYS} />
      <Navigation />
      <main id="main" className={styles.main} tabIndex={-1}>
        <Boundary key={location.split("/")[1]}>
          <Suspense fallback={<Loading what="page" />}>
            <Switch>
              <Route path="/" component={QuotesPage} />
              <Route path="/chart/:symbol?" component={ChartPage} />
              <Route path="/analysis/*?" component={AnalysisPage} />
              <Route path="/premarket/:day?" component={PremarketPage} />
              <Route path="/operations/:section?" component={OperationsPage} />
              <Route>
                <Redirect to="/" replace />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </main>
    </div>
  );
}
