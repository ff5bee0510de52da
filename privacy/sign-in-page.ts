const page = (content: string): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>Codec server</title>
  <style>body { font: 16px sans-serif; margin: 3em auto; max-width: 36em } input { width: 24em }</style>
  <h1>Codec server</h1>
  ${content}
</html>
`;

const FORM = `<form method="post" action="/">
    <label>Token <input type="password" name="token" autocomplete="off" autofocus required></label>
    <button>Sign in</button>
  </form>
  <p>It decrypts what Temporal’s UI shows. In the UI, choose <em>Codec Server</em>, set this address, and switch on
  <em>Include cross-origin credentials</em>.</p>`;

export const SIGN_IN_PAGE = page(FORM);

export function signedInPage(outcome: string): string {
  return page(`<p>${outcome}</p>\n  ${FORM}`);
}
