//! How points become an integral: the choice between fits, trapezoids and the rules for one point, by the names that users write.
//!
//! A choice neglects what its rule neglects; it computes nothing itself. A name with its companions (head, tail, population) becomes a
//! [`Method`] once the physical half-life is known.

use std::str::FromStr;

use super::integrate::{Head, Tail};
use super::model::Family;
use super::single_time_point::Population;
use crate::error::did_you_mean;
use crate::{Error, Result};

/// A way from points to an integral.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// The family that describes the points best.
    Auto(Vec<Family>),
    /// All families, averaged by their weights.
    Average(Vec<Family>),
    /// One family; physical decay also for one point.
    Family(Family),
    /// Trapezoids with a head and a tail.
    Trapezoid(Head, Tail),
    /// One point, A(t) 2 t / ln 2; a population tells its bias.
    Haenscheid(Option<Population>),
    /// One point and the mean half-life of a population.
    Madsen(Population),
}

impl Method {
    /// Whether one point is enough.
    pub fn takes_one_point(&self) -> bool {
        use Method::{Auto, Average, Family as Of, Haenscheid, Madsen, Trapezoid};
        match self {
            Haenscheid(_) | Madsen(_) => true,
            Of(family) => *family == Family::Physical,
            Auto(families) | Average(families) => families[..] == [Family::Physical],
            Trapezoid(..) => false,
        }
    }
}

/// Names of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodName {
    /// `auto`.
    Auto,
    /// `average`.
    Average,
    /// The name of a family.
    Family(Family),
    /// `trapezoid`.
    Trapezoid,
    /// `haenscheid`.
    Haenscheid,
    /// `madsen`.
    Madsen,
}

/// Methods that are no family.
const RULES: [&str; 5] = ["auto", "average", "trapezoid", "haenscheid", "madsen"];

impl FromStr for MethodName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "auto" => MethodName::Auto,
            "average" => MethodName::Average,
            "trapezoid" => MethodName::Trapezoid,
            "haenscheid" => MethodName::Haenscheid,
            "madsen" => MethodName::Madsen,
            other => MethodName::Family(family(other).ok_or_else(|| {
                Error::input(
                    format!("method '{other}'"),
                    "there is none of that name",
                    format!(
                        "{}Choose auto, average, trapezoid, haenscheid, madsen or a family: {}.",
                        did_you_mean(other, RULES.into_iter().chain(Family::ALL.map(Family::name))),
                        Family::ALL.map(Family::name).join(", ")
                    ),
                )
            })?),
        })
    }
}

fn family(text: &str) -> Option<Family> {
    Family::ALL.into_iter().find(|f| f.name() == text)
}

impl FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "constant" => Ok(Head::Constant),
            "linear" => Ok(Head::LinearFromZero),
            other => family(other).map(Head::Fitted).ok_or_else(|| {
                Error::usage(
                    format!("head '{other}'"),
                    "there is none of that name",
                    format!(
                        "{}It must be constant, linear, or a family: {}.",
                        did_you_mean(
                            other,
                            ["constant", "linear"].into_iter().chain(Family::ALL.map(Family::name))
                        ),
                        Family::ALL.map(Family::name).join(", ")
                    ),
                )
            }),
        }
    }
}

/// Names of tails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailName {
    /// `physical`.
    Physical,
    /// `population`: its effective half-life.
    Population,
    /// `mono:N`, fitted to the last N points.
    Mono(usize),
    /// `none`.
    None,
}

impl FromStr for TailName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "physical" => Ok(TailName::Physical),
            "population" => Ok(TailName::Population),
            "none" => Ok(TailName::None),
            other => other
                .strip_prefix("mono:")
                .and_then(|n| n.parse().ok())
                .map(TailName::Mono)
                .ok_or_else(|| {
                    Error::usage(
                        format!("tail '{other}'"),
                        "there is none of that name",
                        format!(
                            "{}It must be physical, population, none, or mono:N such as mono:2.",
                            did_you_mean(other, ["physical", "population", "none", "mono:2"])
                        ),
                    )
                }),
        }
    }
}

/// What a user chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The method.
    pub name: MethodName,
    /// Families of `auto` and `average`.
    pub families: Vec<Family>,
    /// Before the first point.
    pub head: Head,
    /// After the last point.
    pub tail: TailName,
    /// Mean and standard deviation of the effective half-life in a population, s.
    pub population_s: Option<[f64; 2]>,
}

impl Default for Choice {
    fn default() -> Self {
        Choice {
            name: MethodName::Auto,
            families: Family::ALL.to_vec(),
            head: Head::LinearFromZero,
            tail: TailName::Physical,
            population_s: None,
        }
    }
}

impl Choice {
    /// The method of a nuclide with this half-life (s).
    ///
    /// # Errors
    /// If a population is missing, is not used, or makes no sense.
    pub fn build(&self, half_life_s: f64) -> Result<Method> {
        let population = self
            .population_s
            .map(|[mean, spread]| Population::new(mean, spread, half_life_s))
            .transpose()?;
        let needed = || {
            population.ok_or_else(|| {
                Error::usage(
                    "no population half-life",
                    "the points cannot tell how fast the activity leaves",
                    "Give the population half-life and its spread for this nuclide, compound and tissue.",
                )
            })
        };
        let method = match self.name {
            MethodName::Auto => Method::Auto(self.families.clone()),
            MethodName::Average => Method::Average(self.families.clone()),
            MethodName::Family(family) => Method::Family(family),
            MethodName::Haenscheid => return Ok(Method::Haenscheid(population)),
            MethodName::Madsen => return Ok(Method::Madsen(needed()?)),
            MethodName::Trapezoid => Method::Trapezoid(
                self.head,
                match self.tail {
                    TailName::Physical => Tail::Physical,
                    TailName::Mono(points) => Tail::Mono(points),
                    TailName::None => Tail::None,
                    TailName::Population => {
                        return Ok(Method::Trapezoid(self.head, Tail::Population(needed()?)));
                    }
                },
            ),
        };
        if population.is_some() {
            return Err(Error::usage(
                "a population half-life",
                "it is for haenscheid, madsen, and trapezoid with the tail population only",
                "Leave it out, or choose one of them.",
            ));
        }
        Ok(method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: f64 = 3600.0;

    #[test]
    fn names_become_methods() {
        let choice = |name: &str, tail: &str, population: Option<[f64; 2]>| Choice {
            name: name.parse().unwrap(),
            tail: tail.parse().unwrap(),
            population_s: population,
            ..Choice::default()
        };
        let of = |c: Choice| c.build(160.0 * H);
        let people = Some([50.0 * H, 10.0 * H]);
        assert_eq!(of(choice("auto", "none", None)).unwrap(), Method::Auto(Family::ALL.to_vec()));
        assert_eq!(of(choice("bi", "none", None)).unwrap(), Method::Family(Family::Bi));
        assert_eq!(of(choice("haenscheid", "none", None)).unwrap(), Method::Haenscheid(None));
        assert!(of(choice("madsen", "none", people)).unwrap().takes_one_point());
        assert!(of(choice("physical", "none", None)).unwrap().takes_one_point());
        let tail = of(choice("trapezoid", "population", people)).unwrap();
        assert!(matches!(tail, Method::Trapezoid(Head::LinearFromZero, Tail::Population(_))));
        assert!(!tail.takes_one_point());
        for (name, tail, population) in [
            ("madsen", "physical", None),
            ("trapezoid", "population", None),
            ("trapezoid", "physical", people),
            ("mono", "physical", people),
            ("madsen", "physical", Some([500.0 * H, 10.0 * H])),
        ] {
            assert!(of(choice(name, tail, population)).is_err(), "{name} {tail}");
        }
        assert!("quad".parse::<MethodName>().is_err());
        assert!("mono:x".parse::<TailName>().is_err() && "steep".parse::<Head>().is_err());
    }
}
