import "@radix-ui/themes/styles.css";
import "./console.css";
import { Theme } from "@radix-ui/themes";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { colorScheme } from "./color-scheme.ts";

const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 2_000, retry: 1, refetchOnWindowFocus: true } },
});
const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no #root.");

createRoot(root).render(
  <StrictMode>
    <Theme accentColor="jade" grayColor="slate" radius="medium" appearance={colorScheme()}>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </Theme>
  </StrictMode>,
);
