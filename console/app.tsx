import { Button, Heading } from "@radix-ui/themes";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import { request, setCsrfToken } from "./api/request.ts";
import type { SignedIn } from "./api/types.ts";
import { useLiveEvents } from "./api/use-live-events.ts";
import { EventsPage } from "./pages/events.tsx";
import { HealthPage } from "./pages/health.tsx";
import { InboxPage } from "./pages/inbox.tsx";
import { PhonesPage } from "./pages/phones.tsx";
import { SessionsPage } from "./pages/sessions.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { TenantsPage } from "./pages/tenants.tsx";
import { UsagePage } from "./pages/usage.tsx";
import { WebhooksPage } from "./pages/webhooks.tsx";
import { text } from "./strings.ts";

const renewIntervalMs = 600_000;

/** The console: signs in first, then shows the pages of a tenant or of the operator. */
export function App() {
  const queries = useQueryClient();
  const session = useQuery({
    queryKey: ["signed-in"],
    queryFn: async () => {
      const signedIn = await request<SignedIn | null>("GET", "/console/session");
      setCsrfToken(signedIn?.csrf_token ?? "");
      return signedIn;
    },
    retry: false,
    refetchInterval: renewIntervalMs,
  });
  if (session.isPending) return null;
  if (!session.data || session.isError) {
    return <SignInPage onSignedIn={() => void queries.resetQueries()} />;
  }
  return (
    <Router base="/console">
      {session.data.role === "admin" ? <Operator /> : <Tenant signedIn={session.data} />}
    </Router>
  );
}

function Tenant({ signedIn }: { signedIn: SignedIn }) {
  const events = useLiveEvents();
  return (
    <Shell
      title={signedIn.tenant_id ?? ""}
      pages={[
        ["/", text.sessions],
        ["/inbox", text.inbox],
        ["/webhooks", text.webhooks],
        ["/events", text.events],
        ["/usage", text.usage],
        ...(signedIn.has_phones ? [["/phones", text.phones] as const] : []),
      ]}
    >
      <Switch>
        <Route path="/">
          <SessionsPage hasPhones={signedIn.has_phones} />
        </Route>
        <Route path="/inbox">
          <InboxPage />
        </Route>
        <Route path="/webhooks">
          <WebhooksPage />
        </Route>
        <Route path="/events">
          <EventsPage events={events} />
        </Route>
        <Route path="/usage">
          <UsagePage />
        </Route>
        <Route path="/phones">
          <PhonesPage />
        </Route>
        <Route>
          <Redirect to="/" />
        </Route>
      </Switch>
    </Shell>
  );
}

function Operator() {
  return (
    <Shell
      title={text.operator}
      pages={[
        ["/", text.tenants],
        ["/health", text.health],
      ]}
    >
      <Switch>
        <Route path="/">
          <TenantsPage />
        </Route>
        <Route path="/health">
          <HealthPage />
        </Route>
        <Route>
          <Redirect to="/" />
        </Route>
      </Switch>
    </Shell>
  );
}

function Shell({
  title,
  pages,
  children,
}: {
  title: string;
  pages: (readonly [path: string, name: string])[];
  children: React.ReactNode;
}) {
  const [location] = useLocation();
  const name = pages.find(([path]) => path === location)?.[1];
  useEffect(() => {
    document.title = `${name ?? text.title} · ${title}`;
  }, [name, title]);
  return (
    <div className="shell">
      <nav className="navigation" aria-label={text.navigation}>
        <Heading as="h2" size="3" mb="2">
          {title}
        </Heading>
        {pages.map(([path, label]) => (
          <Link key={path} href={path} aria-current={path === location ? "page" : undefined}>
            {label}
          </Link>
        ))}
        <SignOut />
      </nav>
      <main className="content">
        <Heading as="h1" size="6" mb="4">
          {name}
        </Heading>
        {children}
      </main>
    </div>
  );
}

function SignOut() {
  const queries = useQueryClient();
  const signOut = async () => {
    await request("DELETE", "/console/session");
    await queries.resetQueries();
  };
  return (
    <Button variant="soft" color="gray" mt="4" onClick={() => void signOut()}>
      {text.signOut}
    </Button>
  );
}
