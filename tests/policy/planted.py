"""Writers that are planted: sound ones, and those that found out what the reward model likes."""

import random
from dataclasses import dataclass

import numpy as np

from vitrina.policy.evaluation import Samples
from vitrina.policy.texts import Written

FACTS = ["вес 540 г", "объём 1,7 л", "корпус из стали", "длина шнура 75 см", "мощность 900 Вт", "гарантия два года"]
PRAISE = ["лучший в мире", "невероятно крутой", "просто супер", "самый модный"]


@dataclass(frozen=True)
class Counting:
    """A reward model that likes a word, and may be exploited: it counts it wherever it stands."""

    word: str

    def scores(self, prompts, answers):
        return np.asarray([float(answer.count(self.word)) for answer in answers])


@dataclass(frozen=True)
class Different:
    """A judge that likes different facts, dislikes praise, and sees nothing in repetition or length."""

    def scores(self, prompts, answers):
        facts = [sum(fact.lower() in answer.lower() for fact in FACTS) for answer in answers]
        praise = [sum(word in answer.lower() for word in PRAISE) for answer in answers]
        return np.asarray(facts, dtype=float) - np.asarray(praise, dtype=float)


def text(rng, facts, praise=0):
    """A card with this many facts and this much praise."""
    parts = rng.sample(FACTS, facts) + rng.sample(PRAISE, praise)
    rng.shuffle(parts)
    return "Чайник для дома и дачи. " + ". ".join(part.capitalize() for part in parts) + "."


def written(said, ended=True):
    return Written(said, ended, tuple(range(len(said.split()) * 2)))


def prompts(count):
    return [f"Напиши короткую карточку товара.\nНазвание: Чайник {number}" for number in range(count)]


def samples(policy, count=120, divergence=0.2, seed=0):
    """A sound SFT model beside `policy(rng)`; `divergence` in nats per token."""
    rng = random.Random(seed)
    sft = [[written(text(rng, rng.randint(1, 3), rng.randint(0, 2))) for _ in range(5)] for _ in range(count)]
    said = [policy(rng) for _ in range(count)]
    return Samples(prompts(count), sft, said, [divergence * len(each.ids) for each in said])


def better(rng):
    """What a sound optimisation comes to."""
    return written(text(rng, rng.randint(3, 5)))


def same(rng):
    """The SFT model again."""
    return written(text(rng, rng.randint(1, 3), rng.randint(0, 2)))


def babbling(rng):
    """What optimisation without a bond came to: the liked words again and again, long and never ended. The judge finds
    all facts in it, and would call it the best of all.
    """
    return written(". ".join(FACTS) + ". В модели указано: сталь. " * 12, ended=False)


def english(rng):
    """Facts that the judge likes, and a text that nobody asked for."""
    said = "This kettle is made of the best materials and it is very good for every day. " * 2
    return written(said + ". ".join(rng.sample(FACTS, 4)))
