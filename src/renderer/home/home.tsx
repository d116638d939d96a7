/** Home: the state in one sentence, its proof, and the money; then what does the work and for whom. */
import { SetUpCard } from "../welcome/set-up-card.tsx";
import { Devices } from "./devices.tsx";
import { Earned } from "./earned.tsx";
import { Hero } from "./hero.tsx";
import { Markets } from "./markets.tsx";
import { RecentJobs } from "./recent-jobs.tsx";
import { Throughput } from "./throughput.tsx";
import "./home.css";

export function Home() {
  return (
    <div className="home">
      <SetUpCard />
      <Hero />
      <div className="home-grid">
        <div className="home-column">
          <Earned />
          <RecentJobs />
        </div>
        <div className="home-column">
          <Throughput />
          <Devices />
          <Markets />
        </div>
      </div>
    </div>
  );
}
