import { type FormEvent, useEffect, useId, useState } from "react";
import { problems, text } from "./texts.ts";
import { usePairing } from "./use-pairing.ts";

const redirectAfterMs = 1_500;

/** Leads somebody who knows nothing about us from a link to a linked number. */
export function PairingPage({ path }: { path: string }) {
  const { pairing, isExpired } = usePairing(path);
  const redirectUrl = pairing?.state === "connected" ? pairing.redirect_url : null;
  useEffect(() => {
    if (redirectUrl === null) return;
    const timer = setTimeout(() => location.assign(redirectUrl), redirectAfterMs);
    return () => clearTimeout(timer);
  }, [redirectUrl]);

  if (isExpired) return <p role="alert">{text.expired}</p>;
  if (pairing === undefined) return <p role="status">{text.wait}</p>;
  const { tenant_name: tenant, state, image, problem } = pairing;
  return (
    <>
      <h1>{text.title(tenant)}</h1>
      {state === "connected" ? (
        <p className="done" role="status">
          {redirectUrl === null ? text.done : text.redirecting}
        </p>
      ) : (
        <>
          <p>{text.consent(tenant)}</p>
          {problem === null || problems[problem] === undefined ? null : (
            <p role="alert">{problems[problem]}</p>
          )}
          {image === null ? (
            <p role="status">{text.wait}</p>
          ) : (
            <>
              <p>{text.scan}</p>
              <img className="qr" src={image} alt={text.qrAlt} />
            </>
          )}
          <ByCode path={path} />
        </>
      )}
    </>
  );
}

function ByCode({ path }: { path: string }) {
  const id = useId();
  const [phone, setPhone] = useState("");
  const [answer, setAnswer] = useState<{ code?: string; problem?: string }>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void requestCode(path, phone).then(setAnswer);
  };
  return (
    <details>
      <summary>{text.byCode}</summary>
      <form onSubmit={submit}>
        <label htmlFor={id}>{text.phone}</label>
        <input
          id={id}
          inputMode="tel"
          autoComplete="tel"
          required
          value={phone}
          onChange={(event) => setPhone(event.target.value)}
        />
        <button type="submit">{text.getCode}</button>
      </form>
      {answer.problem === undefined ? null : <p role="alert">{answer.problem}</p>}
      {answer.code === undefined ? null : (
        <div role="status">
          <p>{text.enterCode}</p>
          <p className="code">{answer.code}</p>
        </div>
      )}
    </details>
  );
}

async function requestCode(
  path: string,
  phone: string,
): Promise<{ code?: string; problem?: string }> {
  try {
    const response = await fetch(`${path}/code`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ phone }),
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own server's answer
    const answer = (await response.json()) as { code: string; detail?: string };
    return response.ok ? { code: answer.code } : { problem: answer.detail ?? text.failed };
  } catch {
    return { problem: text.failed };
  }
}
