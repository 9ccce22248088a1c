/** The page Premarket. */
export default function PremarketPage() {
  return <h1>Premarket</h1>;
}
