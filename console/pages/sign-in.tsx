import { Button, Card, Flex, Heading } from "@radix-ui/themes";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { request, setCsrfToken } from "../api/request.ts";
import type { SignedIn } from "../api/types.ts";
import { Field } from "../parts/field.tsx";
import { Failure } from "../parts/loaded.tsx";
import { text } from "../strings.ts";

/** Exchanges a key for the console's cookie. The link that `npm start` prints has it after a #. */
export function SignInPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [key, setKey] = useState("");
  const signIn = useMutation({
    mutationFn: async (given: string) => {
      const { csrf_token } = await request<SignedIn>("POST", "/console/session", { key: given });
      setCsrfToken(csrf_token);
    },
    onSuccess: onSignedIn,
  });
  const { mutate } = signIn;
  useEffect(() => {
    const linked = takeKeyFromAddress();
    if (linked !== undefined) mutate(linked);
  }, [mutate]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate(key.trim());
  };
  return (
    <Flex align="center" justify="center" minHeight="100dvh" p="4" asChild>
      <main>
        <Card size="3" style={{ width: "min(26rem, 100%)" }}>
          <form onSubmit={submit}>
            <Flex direction="column" gap="4">
              <Heading as="h1" size="5">
                {text.title}
              </Heading>
              <Field
                label={text.apiKey}
                hint={text.signInHint}
                type="password"
                autoComplete="off"
                required
                value={key}
                onChange={(event) => setKey(event.target.value)}
              />
              <Failure error={signIn.error} />
              <Button type="submit" loading={signIn.isPending}>
                {text.signIn}
              </Button>
            </Flex>
          </form>
        </Card>
      </main>
    </Flex>
  );
}

/** Removes it from the address bar and the history. What follows a # is never sent to a server. */
function takeKeyFromAddress(): string | undefined {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key === null) return undefined;
  history.replaceState(null, "", location.pathname);
  return key;
}
