// The vendor's example with fetch: prints the status and what the body says.
const [token, account] = process.argv.slice(2);
const apiUrl = `${process.env.BASE_URL}/v1/minimax/accounts/${account}`;
const response = await fetch(apiUrl, { headers: { Authorization: `Bearer ${token}` } });
const text = await response.text();
let said = "-";
try {
  const result = JSON.parse(text);
  said = result.account ?? result.error ?? "-";
} catch {
  // The page documents a sentence for 404, not an object.
}
console.log(response.status, said);
