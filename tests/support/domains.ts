/** Short passages of a field, and questions with the number of the passage that answers. */
export interface Domain {
  readonly passages: readonly string[];
  readonly questions: readonly (readonly [question: string, passage: number])[];
}

/** Fields whose words other than everyday ones carry the meaning: abbreviations, figures, names of code. */
export const DOMAINS: Readonly<Record<string, Domain>> = {
  biomedicine: {
    passages: [
      "Metformin lowers blood glucose mainly by reducing how much of it the liver makes. Common side effects are nausea and diarrhoea, mostly in the first weeks.",
      "A mutation of the BRCA1 gene raises the lifetime risk of breast cancer to about 60 percent and that of ovarian cancer to about 40 percent.",
      "Warfarin thins the blood by blocking vitamin K. Its effect is watched by the INR, which should mostly lie between 2 and 3.",
      "Interleukin-6 (IL-6) is a signal of inflammation; antibodies against its receptor, such as tocilizumab, ease rheumatoid arthritis.",
      "CD4 cells are the helpers of the immune system. HIV destroys them, and a count below 200 per microlitre defines AIDS.",
      "Vaccines of mRNA carry the plan of a viral protein into cells, which make the protein for some days and show it to the immune system.",
      "Beta blockers slow the heart and lower its need of oxygen. They must not be stopped from one day to the next.",
      "An infusion of 0.9 percent sodium chloride is isotonic: red cells neither swell nor shrink in it.",
      "Sleep apnoea is a repeated closing of the upper airway at night; a mask that blows air under slight pressure (CPAP) keeps it open.",
      "Amoxicillin 500 mg three times a day is the usual dose against infections of the middle ear in adults.",
    ],
    questions: [
      ["why do diabetics on metformin feel sick", 0],
      ["risk of ovarian cancer for carriers of BRCA1", 1],
      ["target INR while taking warfarin", 2],
      ["IL6 receptor antibody for arthritis", 3],
      ["what CD4 count means AIDS", 4],
      ["how do mRNA vaccines work", 5],
      ["can I suddenly stop beta blockers", 6],
      ["treatment that keeps the airway open during sleep", 8],
      ["amoxicillin 500mg ear infection", 9],
    ],
  },
  finance: {
    passages: [
      "EBITDA is the profit before interest, taxes, depreciation and amortisation; it leaves out what machines lose in value.",
      "When market interest rates rise, the price of bonds that pay a fixed coupon falls, the more the longer they run.",
      "A company that buys back its own shares divides the same profit among fewer of them, so earnings per share rise.",
      "The price-earnings ratio says how many years of today's profit a share costs; growing companies have a high one.",
      "A call option gives the right, not the duty, to buy a share at the strike price until it expires.",
      "Inventory that is sold last in, first out (LIFO) shows lower profits, and so lower taxes, while prices rise.",
      "In a letter of credit the buyer's bank promises to pay the exporter once the shipping documents are in order.",
      "Short sellers borrow a stock and sell it, hoping to buy it back cheaper; their loss has no limit when it climbs.",
      "Revenue of a subscription is recognised month by month over its term, not when the customer pays.",
      "In FY2023 the group's free cash flow fell by 12 percent because it spent 340 million on a new plant.",
    ],
    questions: [
      ["profit without depreciation and taxes", 0],
      ["what happens to bond prices when interest rates go up", 1],
      ["effect of share buybacks on earnings per share", 2],
      ["meaning of a high price earnings ratio", 3],
      ["right to buy at the strike price", 4],
      ["does LIFO reduce taxes during inflation of prices", 5],
      ["how is an exporter sure to be paid by the bank", 6],
      ["maximum loss of a short seller", 7],
      ["why did free cash flow fall in FY 2023", 9],
    ],
  },
  programming: {
    passages: [
      "A closure keeps the variables of the function that made it alive for as long as it is reachable itself.",
      "ConcurrentModificationException is thrown when a list is changed while an iterator walks over it; collect first and remove afterwards.",
      "git rebase --onto moves a branch to another base; the commits get new hashes, so do not do it to what others have pulled.",
      "A deadlock needs two locks taken in different order by two threads. Always take them in the same order.",
      "parseInt('08') once gave 0, because a leading zero meant octal; pass the radix, or use Number.",
      "An index on (last_name, first_name) serves queries on last_name alone, but not on first_name alone.",
      "HTTPClient.setReadTimeout limits how long a read may wait; without it a dead server holds the thread for ever.",
      "SHA-256 is too quick to store passwords with; use argon2 or bcrypt with a salt for each user.",
      "A segmentation fault after free() often is a use of memory that was released; run it under valgrind.",
      "The event loop is blocked by a long computation: move it into a worker, or cut it into slices.",
    ],
    questions: [
      ["why does a closure keep variables alive", 0],
      ["concurrent modification exception while iterating a list", 1],
      ["move a git branch onto another base", 2],
      ["two threads wait for each other's locks", 3],
      ["parse int leading zero octal", 4],
      ["index with last_name and first_name columns", 5],
      ["set read timeout http client", 6],
      ["is sha256 fit for passwords", 7],
      ["crash after memory was freed", 8],
      ["long computation blocks event loop", 9],
    ],
  },
};
