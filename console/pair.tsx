import "./pair.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { PairingPage } from "./pair/pairing-page.tsx";

const root = document.querySelector("#root");
if (root === null) throw new Error("pair.html has no #root.");

createRoot(root).render(
  <StrictMode>
    <PairingPage path={location.pathname} />
  </StrictMode>,
);
